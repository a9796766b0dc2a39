"""docs/deploy.md: what can be seen of its commands without following them."""

import re
import subprocess

import pytest

from deploy.check import not_exercised, with_values
from deploy.page import PAGE, blocks
from support.server import ROOT

FOLLOWED = [block for block in blocks() if block.language == "sh"]


@pytest.mark.parametrize("block", FOLLOWED, ids=lambda block: block.first)
def test_a_shell_understands_each_block(block):
    checked = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert checked.stderr == ""


def test_what_it_names_of_ours_is_there():
    named = re.findall(r"/opt/projchat/(deploy/[\w./@-]+\w)", PAGE.read_text())
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_its_values_are_those_that_are_put_in():
    assert "SITE=talk.test" in with_values(FOLLOWED[0].text)


def test_nothing_below_the_program_is_edited():
    edited = re.findall(r"(?:sed -i|editor)[^\n]*(?:\\\n[^\n]*)?", PAGE.read_text())
    assert edited
    assert [line for line in edited if "/opt/projchat" in line] == []


def test_the_docs_name_what_of_the_units_is_not_exercised():
    page = (ROOT / "docs" / "development.md").read_text()
    named = page.split("Not exercised, as the run says", 1)[1].split("\n\n", 1)[0]
    assert re.findall(r"`(\w+)`", named) == not_exercised()
