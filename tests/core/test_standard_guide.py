"""docs/standards.md is what the protos say."""

from pathlib import Path

from node.core.standards.guide import standards_guide
from node.core.standards.standard import standards

GUIDE = Path(__file__).parents[2] / "docs" / "standards.md"


def test_the_guide_is_not_out_of_date() -> None:
    """After a change of a proto: gongzhi standard guide > docs/standards.md."""
    assert GUIDE.read_text("utf-8") == standards_guide(standards()) + "\n"


def test_the_guide_names_every_field_and_code() -> None:
    guide = standards_guide(standards())
    for standard in standards():
        assert f"## {standard.name} v{standard.version}" in guide
        for field in standard.fields:
            assert f"| `{field.path.rpartition('.')[2]}` |" in guide, field.path
            if field.descriptor.enum_type:
                assert f"### {field.descriptor.enum_type.name}\n" in guide
