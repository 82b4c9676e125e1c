"""Question sets of visits (走访表): what is asked, as data. See docs/visit-forms.md."""
