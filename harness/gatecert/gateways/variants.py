VARIANTS: dict = {}
