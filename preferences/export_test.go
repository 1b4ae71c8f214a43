package preferences

// Waiting is how many wait for the next round.
func (s *Service) Waiting() int { return s.rounds.Waiting() }
