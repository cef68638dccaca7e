"""Operations on documents, a module each; PDFium, qpdf and the office tools do the work."""
