"""`python -m models`: train, export and describe the zoo's networks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from models.recipe import NetworkRecipe

RUNS = Path(__file__).parent / "runs"
BUNDLES = Path(__file__).parent / "bundles"


def _train(arguments: argparse.Namespace) -> None:
    from models.training.command import run  # noqa: PLC0415

    run(arguments, RUNS)


def _teach(arguments: argparse.Namespace) -> None:
    from models.training.command import teach_split  # noqa: PLC0415

    teach_split(arguments, RUNS)


def _export(arguments: argparse.Namespace) -> None:
    from models.export import export  # noqa: PLC0415

    export(_network(arguments.recipe), _weights(arguments), arguments.out)


def _package(arguments: argparse.Namespace) -> None:
    from models.package import package  # noqa: PLC0415

    a = arguments
    sys.exit(0 if package(a.recipe, a.weights, a.data, a.bundles) else 1)


def _summary(arguments: argparse.Namespace) -> None:
    from models.summary import table  # noqa: PLC0415

    sys.stdout.write(table(_network(arguments.recipe)) + "\n")


def _diagram(arguments: argparse.Namespace) -> None:
    from models.diagram import diagram  # noqa: PLC0415

    text = diagram(_network(arguments.recipe))
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _network(recipe: Path) -> NetworkRecipe:
    from models.recipe import load_network  # noqa: PLC0415

    try:
        return load_network(recipe)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def _weights(arguments: argparse.Namespace) -> dict[str, Tensor]:
    """Of a run, or of a Darknet file."""
    if arguments.weights.suffix == ".weights":
        from models.zoo.darknet_weights import read_weights  # noqa: PLC0415
        from models.zoo.network import Network  # noqa: PLC0415

        network = Network(_network(arguments.recipe).model)
        read_weights(network, arguments.weights)
        return network.state_dict()
    from models.training.checkpoint import weights  # noqa: PLC0415

    return weights(arguments.weights)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models", description=__doc__)
    commands = parser.add_subparsers(required=True)

    train = commands.add_parser("train", help="train a recipe's network")
    train.set_defaults(run=_train)
    train.add_argument("recipe", type=Path)
    train.add_argument("--data", type=Path, required=True, help="folder of the data set")
    train.add_argument("--out", type=Path, help="default: models/runs/RECIPE")
    train.add_argument("--taught", type=Path, help="folder that `teach` wrote")
    train.add_argument("--resume", action="store_true", help="go on from OUT/last.pt")
    train.add_argument("--threads", type=int, default=2)
    bound = train.add_mutually_exclusive_group(required=True)
    bound.add_argument("--epochs", type=int)
    bound.add_argument("--minutes", type=float, help="of training; pauses do not count")
    bound.add_argument("--deadline", metavar="HH:MM", help="end at this time, UTC")

    teach = commands.add_parser("teach", help="label by a trained detector what labels leave out")
    teach.set_defaults(run=_teach)
    teach.add_argument("recipe", type=Path)
    teach.add_argument("--data", type=Path, required=True, help="folder of the data set")
    teach.add_argument("--teacher", type=Path, required=True, help="a grid-unit detector, ONNX")
    teach.add_argument(
        "--names", type=Path, required=True, help="the teacher's classes, a line each"
    )
    teach.add_argument("--out", type=Path, required=True, help="folder of what it finds")

    export = commands.add_parser("export", help="write trained weights as ONNX")
    export.set_defaults(run=_export)
    export.add_argument("recipe", type=Path)
    export.add_argument(
        "--weights", type=Path, required=True, help="best.pt or last.pt of a run, or a Darknet file"
    )
    export.add_argument("--out", type=Path, required=True)

    package = commands.add_parser("package", help="make the bundle of trained weights")
    package.set_defaults(run=_package)
    package.add_argument("recipe", type=Path)
    package.add_argument("--weights", type=Path, required=True, help="best.pt of a run")
    package.add_argument("--data", type=Path, required=True, help="folder of the data set")
    package.add_argument("--bundles", type=Path, default=BUNDLES, help="default: models/bundles")

    summary = commands.add_parser("summary", help="list a network's layers")
    summary.set_defaults(run=_summary)
    summary.add_argument("recipe", type=Path)

    diagram = commands.add_parser("diagram", help="draw a network as SVG")
    diagram.set_defaults(run=_diagram)
    diagram.add_argument("recipe", type=Path)
    diagram.add_argument("--out", type=Path, help="default: standard output")
    return parser


def main() -> None:
    """Run the command that the arguments name; each imports only what it needs."""
    arguments = _parser().parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
