"""The samples show what their operations are for: a document to open, files to take out, a page to read by OCR."""

import pytest

from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.pdf_readers import read_facts, read_texts


def test_the_restricted_document_loses_its_restrictions(work: Work) -> None:
    assert "print:no copy:no" in read_facts(SAMPLES / "restricted.pdf")["Encrypted"]
    done = work(SAMPLES / "restricted.pdf", operation="document.decrypt", password="correct horse battery staple")
    assert read_facts(done.path("restricted-decrypted.pdf"))["Encrypted"] == "no"


def test_the_invoice_carries_its_figures(work: Work) -> None:
    done = work(SAMPLES / "invoice.pdf", operation="document.attachments")
    assert "<total>490.00</total>" in done.path("invoice.xml").read_text()
    assert "490.00" in read_texts(SAMPLES / "invoice.pdf")[0]


@pytest.mark.timeout(120)
def test_the_scan_holds_words_only_after_ocr(work: Work) -> None:
    assert read_texts(SAMPLES / "scan.pdf") == [""]
    done = work(SAMPLES / "scan.pdf", operation="document.ocr", languages=["eng", "rus", "uzb", "uzb_cyrl"])
    (page,) = read_texts(done.path("scan-ocr.pdf"))
    assert "stood by the quiet river" in page
    assert "мельница стояла" in page
