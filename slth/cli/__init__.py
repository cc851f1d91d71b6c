"""``slth ...``: thin over the public functions. Exit codes: 0 done, 1 the answer is no, 2 the input is unusable, 130 interrupted."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from slth.cli import census, laboratory, proofs, search, sweep, theory, tickets


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()  # here, where a reader that has gone is no error
        return code
    except KeyboardInterrupt:
        print("interrupted: no file was left half written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; leave quietly, also when Python flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print(
            f"slth {options.command}: this takes more memory than there is; ask for something smaller", file=sys.stderr
        )
        return 2
    except (ValueError, TypeError, OSError, ImportError, OverflowError) as error:
        print(f"slth {options.command}: {error}", file=sys.stderr)
        return 1 if _is_an_answer(error) else 2


def _is_an_answer(error: Exception) -> bool:
    """Whether an error says that the thing asked for does not exist, rather than that the question was wrong."""
    from slth.approximation import EpsilonError
    from slth.ticket import VerificationError

    return isinstance(error, EpsilonError | VerificationError)


def _parser() -> argparse.ArgumentParser:
    from slth import __version__

    parser = argparse.ArgumentParser(
        prog="slth", description="The laboratory for the strong lottery ticket hypothesis."
    )
    parser.add_argument("--version", action="version", version=f"slth {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    tickets.add_commands(commands)
    census.add_commands(commands)
    laboratory.add_commands(commands)
    search.add_commands(commands)
    sweep.add_commands(commands)
    theory.add_commands(commands)
    proofs.add_commands(commands)
    return parser
