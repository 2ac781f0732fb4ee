"""Receipt printers: bytes from documents, the dialogue with the printer, what became of a job."""
