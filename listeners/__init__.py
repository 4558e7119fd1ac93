"""Understanding: brands, language, sentiment, complaint, category, risk; and what is spreading."""
