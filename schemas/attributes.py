"""What buyers choose credits by beside methodology and vintage: type of project, co-benefits, labels."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

from schemas.scalars import Id, Instant, Text

ProjectType = Literal[
    "energy-industries",
    "energy-distribution",
    "energy-demand",
    "manufacturing",
    "chemicals",
    "construction",
    "transport",
    "mining",
    "metals",
    "fugitive-fuels",
    "fugitive-gases",
    "solvents",
    "waste",
    "forestry",
    "agriculture",
]
"""The sectoral scopes of the Clean Development Mechanism, 1 to 15 in this order; a methodology belongs to one."""
PROJECT_TYPES: Final[tuple[ProjectType, ...]] = get_args(ProjectType)
Goal = Annotated[int, Meta(ge=1, le=17, description="A sustainable development goal of the United Nations, by number")]
GOAL_NAMES: Final[tuple[str, ...]] = (
    "No poverty",
    "Zero hunger",
    "Good health and well-being",
    "Quality education",
    "Gender equality",
    "Clean water and sanitation",
    "Affordable and clean energy",
    "Decent work and economic growth",
    "Industry, innovation and infrastructure",
    "Reduced inequalities",
    "Sustainable cities and communities",
    "Responsible consumption and production",
    "Climate action",
    "Life below water",
    "Life on land",
    "Peace, justice and strong institutions",
    "Partnerships for the goals",
)
"""The short titles of the United Nations' sustainable development goals, 1 to 17 in this order."""
Label = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z][A-Z0-9-]{1,30}[A-Z0-9]$(?!\n)",
        description="A code that the regulator gives on the word of a source",
        examples=["CCP-ELIGIBLE"],
    ),
]
Goals = Annotated[tuple[Goal, ...], Meta(max_length=17)]
Labels = Annotated[tuple[Label, ...], Meta(max_length=20)]


def check_once(name: str, said: tuple[object, ...]) -> None:
    """Raise `ValueError` where something is said twice."""
    if len(set(said)) < len(said):
        raise ValueError(f"{name} says something twice")


class NewAttributes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The co-benefits and labels of a registered project from now on, all of them: what is left out it has no more.

    *source* is where they are said, such as a document with its page, or a list with its address and date.
    """

    co_benefits: Goals = ()
    labels: Labels = ()
    source: Text
    why: Text

    def __post_init__(self) -> None:
        """Raise `ValueError` for what is said twice."""
        check_once("co_benefits", self.co_benefits)
        check_once("labels", self.labels)


class ProjectAttributes(Struct, frozen=True, kw_only=True):
    """What the regulator recorded of a project: it holds until the next record."""

    id: Id
    project_id: Id
    co_benefits: tuple[Goal, ...]
    labels: tuple[Label, ...]
    source: str
    why: str
    at: Instant


class Traits(Struct, frozen=True):
    """What a project is chosen by; its *type* is that of its methodology."""

    type: ProjectType
    co_benefits: frozenset[int] = frozenset()
    labels: frozenset[str] = frozenset()

    def meet(self, types: tuple[ProjectType, ...], co_benefits: tuple[Goal, ...], labels: tuple[Label, ...]) -> bool:
        """Return whether the type is one of *types*, or any if there are none, and all the rest is there."""
        return (
            (not types or self.type in types)
            and self.co_benefits.issuperset(co_benefits)
            and self.labels.issuperset(labels)
        )
