/** Words that Max uses for states, and the judgement in them. Unknown words are shown without one. */
const kGood = ['fresh', 'ok', 'passed', 'verified', 'applied', 'done', 'on track', 'on plan', 'running', 'active', 'healthy', 'resolved', 'valid', 'better', 'approved', 'confirmed', 'delivered', 'complete', 'green'];
const kWatch = ['late', 'warning', 'degraded', 'underspending', 'overspending', 'under plan', 'over plan', 'watch', 'guarded', 'draft', 'proposed', 'pending', 'due', 'stale', 'paused', 'learning', 'soon', 'postponed', 'ahead', 'behind', 'under', 'over', 'medium', 'acknowledged', 'unknown', 'amber', 'applying', 'partial', 'queued'];
const kBad = ['failed', 'critical', 'error', 'rejected', 'expired', 'blocked', 'never', 'high', 'disapproved', 'worse', 'open', 'broken', 'red', 'urgent'];

export function toneOfWord(word: string): '' | 'good' | 'watch' | 'bad' {
  const text = word.toLowerCase().replaceAll('_', ' ');
  if (kGood.includes(text)) return 'good';
  if (kWatch.includes(text)) return 'watch';
  return kBad.includes(text) ? 'bad' : '';
}
export const isStateColumn = (name: string) =>
  /^(state|status|tier|severity|verdict|health|outcome|pace|freshness|tracking|data)$/.test(name);

const kPlatforms: Record<string, string> = {
  google_ads: 'Google Ads', meta: 'Meta', tiktok: 'TikTok', microsoft_ads: 'Microsoft Advertising', linkedin: 'LinkedIn',
  pinterest: 'Pinterest', snapchat: 'Snapchat', reddit: 'Reddit', x_ads: 'X', amazon_ads: 'Amazon Ads', apple_ads: 'Apple Ads',
};
/** A word of Max's own, which its columns keep as programs write it, as people read it. */
export function wordOf(column: string, text: string): string {
  if (column === 'platform') return kPlatforms[text] ?? text;
  return isStateColumn(column) || /^(level|problem|lever)$/.test(column) ? text.replaceAll('_', ' ') : text;
}
