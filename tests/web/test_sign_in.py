"""The page of a server that wants to know who is there, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.access.options import AccessOptions
from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token
from tests.web.browser import chromium
from tests.web.running import ServerThread, Setting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.browser import Browser

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


def sign_in(browser: Browser, token: str) -> None:
    field = browser.find("#token")
    field.clear()
    field.send_keys(token)
    browser.find("dialog button").click()


def test_a_token_opens_the_page_until_its_holder_signs_out(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    token = create_token(tokens, "wall", frozenset({Right.WATCH}))
    setting = Setting(limits=AccessOptions(tokens_file=str(tokens)))
    with ServerThread(setting) as server, chromium(tmp_path / "profile") as browser:
        browser.open(server.url)
        sign_in(browser, "edgeserve_wrong")
        wrong = "The server does not take this token."
        browser.until(lambda: browser.text("#token-wrong") == wrong, "the refusal")
        assert browser.frame_number("gate") == -1
        sign_in(browser, token)
        browser.until(lambda: browser.frame_number("gate") >= 0, "a picture")
        assert token not in browser.run("return JSON.stringify({ ...localStorage })")
        assert token not in browser.run("return document.cookie")
        browser.open(server.url)
        browser.until(lambda: browser.frame_number("gate") >= 0, "a picture without the token")
        browser.find("#sign-out").click()
        browser.find("#token")
        assert all("401" in line for line in browser.console())
