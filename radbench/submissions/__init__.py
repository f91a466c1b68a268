"""Submissions of predictions to a task whose references stay hidden, and results as a static site."""
