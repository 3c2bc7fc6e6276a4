"""What every page and picture shares: drawings, labels, style, the HTML file. It knows no subject."""
