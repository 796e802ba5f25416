"""Workbooks, archives and tables that are small as files and without end in memory, each kind by a generator."""

import struct
import zipfile

import polars as pl

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
HEADER = ("deal_id", "amount")


def cell(place, text):
    """A cell with its own text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet(*cells, before=""):
    """A sheet: a header, two deals, and further cells in a row of their own."""
    rows = [[cell(f"{column}1", name) for column, name in zip("AB", HEADER, strict=True)]]
    rows += [[cell(f"A{i}", f"D-{i}"), f'<c r="B{i}"><v>{i}00</v></c>'] for i in (2, 3)]
    rows += [[one] for one in cells]
    body = "".join(f'<row r="{i}">{"".join(row)}</row>' for i, row in enumerate(rows, start=1))
    return f'{HEAD}{before}<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'


def write(path, *sheets, strings=None, more=()):
    """A workbook of these sheets, Excel's own parts around them."""
    numbers = range(1, len(sheets) + 1)
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_KIND}.worksheet+xml"/>' for i in numbers
    )
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in numbers
    )
    listed = "".join(f'<sheet name="Deals {i}" sheetId="{i}" r:id="rId{i}"/>' for i in numbers)
    if strings is not None:
        links += f'<Relationship Id="rId999" Type="{_LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
    parts = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{kinds}'
        "</Types>",
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        **{f"xl/worksheets/sheet{i}.xml": text for i, text in zip(numbers, sheets, strict=True)},
    }
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f'{HEAD}<sst xmlns="{_MAIN}">{strings}</sst>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (*parts.items(), *more):
            archive.writestr(name, content)
    return path


def understated(path, part, size):
    """The archive then says of a part that it is no larger than this, in both places where it says so."""
    content = bytearray(path.read_bytes())
    name = part.encode()
    for mark, at_size, at_name in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = content.find(mark)
        while at >= 0:
            if content[at + at_name : at + at_name + len(name)] == name:
                content[at + at_size : at + at_size + 4] = struct.pack("<I", size)
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    return path


def _ods(path, repeated):
    office, table = (
        "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    )
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    content = (
        f'{HEAD}<office:document-content xmlns:office="{office}" xmlns:table="{table}" xmlns:text="{text}">'
        '<office:body><office:spreadsheet><table:table table:name="Deals">'
        f"{repeated}</table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", f"{HEAD}<manifest/>")
        archive.writestr("content.xml", content)
    return path


def _repeated(path, rows, columns):
    """One cell that says how often it stands there."""
    once = f'<table:table-cell office:value-type="string" table:number-columns-repeated="{columns}"><text:p>x</text:p>'
    row = f'<table:table-row table:number-rows-repeated="{rows}">{once}</table:table-cell></table:table-row>'
    return _ods(path, row)


def _nested(path):
    inner = write(path.with_name("inner.xlsx"), sheet())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inner, "deals.zip")
        archive.write(inner, "deals.xlsx")
    return path


def _blanks_before(path):
    """Three hundred million blanks in a sheet, packed into some hundred kilobytes."""
    return write(path, sheet() + " " * (300 << 20))


def _nothing_said_of_places(path):
    """A row of a million cells and a million rows, none of which says where it stands."""
    long = "<row>" + "<c><v>1</v></c>" * 200_000 + "</row>" + "<row><c><v>1</v></c></row>" * 200_000
    return write(path, f'{HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{long}</sheetData></worksheet>')


def _one_text_many_times(path):
    """A text of a megabyte, to which nine thousand cells point."""
    cells = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 9001))
    text = f'{HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    return write(path, text, strings=f"<si><t>{'abcdefghij' * 100_000}</t></si>")


def _sparse(path):
    with path.open("wb") as file:
        file.write(b"deal_id;amount\nD-1;100\n")
        file.truncate(40 << 30)
    return path


def _wide(path):
    path.write_bytes((b"x" + b";" * 999 + b"\n") * 40_000)
    return path


def _milliard(path):
    pl.select(pl.repeat(0, 100_000_000, dtype=pl.Int64).alias("deal_id")).write_parquet(path)
    return path


_ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
#: kind → what writes one, and the rules of which one is told
KINDS = {
    "far.xlsx": (lambda p: write(p, sheet(cell("XFD1048576", "x"))), {"workbook_far_cell"}),
    "far_down.xlsx": (lambda p: write(p, sheet(cell("Z1048576", "x"))), {"workbook_far_cell"}),
    "far_right.xlsx": (lambda p: write(p, sheet(cell("XFD9999", "x"))), {"workbook_far_cell"}),
    "far_both.xlsx": (lambda p: write(p, sheet(cell("XFD1", "x"), cell("A1048576", "x"))), {"workbook_far_cell"}),
    "far_second.xlsx": (
        lambda p: write(p, f'{HEAD}<worksheet xmlns="{_MAIN}"><sheetData/></worksheet>', sheet(cell("XFD1048576", 1))),
        {"workbook_far_cell"},
    ),
    "far_quoted.xlsx": (
        lambda p: write(p, sheet("<c t='n' r='XFD1048576'><v>1</v></c>")), {"workbook_memory"},
    ),
    "far_prefixed.xlsx": (
        lambda p: write(p, sheet(f'<z:c xmlns:z="{_MAIN}" t="n" r="XFD1048576"><z:v>1</z:v></z:c>')),
        {"workbook_memory"},
    ),
    "no_places.xlsx": (_nothing_said_of_places, {"workbook_memory"}),
    "beyond_all.xlsx": (
        lambda p: write(p, sheet(cell("ZZZZZZ4294967295", "x"))), {"broken_workbook", "workbook_memory"},
    ),
    "blanks.xlsx": (_blanks_before, {"workbook_packed", "workbook_unpacks"}),
    "strings.xlsx": (
        lambda p: write(p, sheet(), strings="<si><t>" + "a" * (300 << 20) + "</t></si>"),
        {"workbook_packed", "workbook_unpacks"},
    ),
    "understated.xlsx": (
        lambda p: understated(_blanks_before(p), "xl/worksheets/sheet1.xml", 2000), {"workbook_lies"},
    ),
    "understated_strings.xlsx": (
        lambda p: understated(
            write(p, sheet(), strings="<si><t>" + "a" * (300 << 20) + "</t></si>"), "xl/sharedStrings.xml", 2000
        ),
        {"workbook_lies"},
    ),
    "one_text.xlsx": (_one_text_many_times, {"workbook_memory"}),
    "entities.xlsx": (lambda p: write(p, sheet(cell("A9", "&b;"), before=_ENTITIES)), {"workbook_entities"}),
    "parts.xlsx": (
        lambda p: write(p, sheet(), more=[(f"xl/media/{i}.txt", "") for i in range(10_001)]), {"workbook_parts"},
    ),
    "nested.xlsx": (_nested, {"broken_workbook"}),
    "repeated.ods": (lambda p: _repeated(p, 100_000, 900), {"workbook_memory"}),
    "repeated_endlessly.ods": (lambda p: _repeated(p, 1_048_576, 16_384), {"workbook_memory"}),
    "sparse.csv": (_sparse, {"file_too_large"}),
    "wide.csv": (_wide, {"file_too_large"}),
    "milliard.parquet": (_milliard, {"file_too_large"}),
}  # fmt: skip
