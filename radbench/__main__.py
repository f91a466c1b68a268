"""`python -m radbench`: the command line where the script is not on the path."""

from radbench.cli import main

if __name__ == "__main__":
    main()
