"""Plans of cases: goals, actions, reviews, conferences (会商), and how a case is closed."""
