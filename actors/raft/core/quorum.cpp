#include "actors/raft/core/quorum.hpp"

namespace praetor::raft {

vote_state count_votes(const std::vector<peer_id>& voters,
                       const std::map<peer_id, bool>& votes) {
  std::size_t granted = 0;
  std::size_t refused = 0;
  for (const auto& id : voters) {
    const auto vote = votes.find(id);
    if (vote != votes.end())
      ++(vote->second ? granted : refused);
  }
  const auto needed = majority(voters.size());
  if (granted >= needed)
    return vote_state::won;
  if (voters.size() - refused < needed)
    return vote_state::lost;
  return vote_state::pending;
}

} // namespace praetor::raft
