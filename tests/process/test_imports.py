"""What is left out of imports, and what is not."""

from __future__ import annotations

import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgeserve.process.imports import without, without_authorities


def authorities() -> int:
    """How many a new context trusts."""
    return len(ssl.create_default_context().get_ca_certs())


def test_a_module_is_missing_inside_and_there_afterwards() -> None:
    sys.modules.pop("this", None)
    with without("this"), pytest.raises(ImportError):
        __import__("this")
    assert "this" not in sys.modules


def test_a_module_that_was_imported_before_stays() -> None:
    with without("ssl"):
        assert __import__("ssl") is ssl
    assert sys.modules["ssl"] is ssl


def test_an_error_inside_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), without("this"):
        _ = 1 / 0
    assert "this" not in sys.modules


def test_contexts_trust_nobody_inside_and_the_system_elsewhere_and_afterwards() -> None:
    # A context lists what it has read from files, and what lies in folders only once it was used.
    usual = authorities()
    if not usual:
        pytest.skip("this system's certificate authorities are in no file")
    with without_authorities(), ThreadPoolExecutor(1) as other:
        assert authorities() == 0
        assert other.submit(authorities).result() == usual
    assert authorities() == usual


def test_openvino_comes_without_its_converter_which_can_still_be_had() -> None:
    pytest.importorskip("openvino")
    program = """
import sys
from edgeserve.engines.loading import import_runtime
openvino = import_runtime("openvino", "OpenVINO", "Core")
assert "openvino.tools.ovc" not in sys.modules
from openvino.tools.ovc import convert_model
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_server_reads_no_authorities_for_a_client_that_it_has_not() -> None:
    pytest.importorskip("aiohttp")
    program = """
from edgeserve.process.imports import without_authorities
with without_authorities():
    import edgeserve.app.front
from aiohttp import connector
contexts = [one for one in vars(connector).values() if type(one).__name__ == "SSLContext"]
assert contexts and not any(one.get_ca_certs() for one in contexts)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
