"""Rating studies: people judge texts of systems, blind to who wrote them.

    STUDY.yaml + runs --create--> study.json (frozen) --serve or rate--> answers.sqlite --export, analyse--> ratings

A study folder holds:

    study.json      what is rated, by whom, in which order; never edited, refused by its hash if it was
    key.json        which system wrote which text, for the owner alone (mode 600)
    links/<rater>   the path of each rater's pages, to be handed to that rater alone (mode 600)
    media/          the images of the cases: links to their files, or the files themselves
    answers.sqlite  the answers, append-only
"""
