"""What other sites, search engines and newcomers see: cards, frames, maps of the site."""
