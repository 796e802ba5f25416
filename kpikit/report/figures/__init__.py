"""All that a report needs, computed and judged once, before a page is written."""
