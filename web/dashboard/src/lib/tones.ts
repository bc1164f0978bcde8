/** Words that Max uses for states, and the judgement in them. Unknown words are shown without one. */
const kGood = ['fresh', 'ok', 'passed', 'verified', 'applied', 'done', 'on_track', 'on track', 'running', 'active', 'healthy', 'resolved', 'valid', 'better', 'approved', 'delivered', 'complete', 'green'];
const kWatch = ['late', 'warning', 'watch', 'guarded', 'draft', 'proposed', 'pending', 'due', 'stale', 'paused', 'learning', 'soon', 'postponed', 'ahead', 'behind', 'under', 'over', 'medium', 'acknowledged', 'unknown', 'amber', 'applying', 'partial', 'queued'];
const kBad = ['failed', 'critical', 'error', 'rejected', 'expired', 'blocked', 'never', 'high', 'disapproved', 'worse', 'open', 'broken', 'red', 'urgent'];

export function toneOfWord(word: string): '' | 'good' | 'watch' | 'bad' {
  const text = word.toLowerCase();
  if (kGood.includes(text)) return 'good';
  if (kWatch.includes(text)) return 'watch';
  return kBad.includes(text) ? 'bad' : '';
}
export const isStateColumn = (name: string) =>
  /^(state|status|tier|severity|verdict|health|outcome)$/.test(name);
