"""Taking a register over from spreadsheets: read, name the columns, check, take over, take back."""
