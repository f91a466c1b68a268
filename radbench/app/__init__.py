"""The Streamlit app: pages over run folders and boards. It computes nothing: numbers come from `leaderboard` and `ratings`."""
