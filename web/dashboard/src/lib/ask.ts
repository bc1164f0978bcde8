/** Questions in words, as POST /clients/CLIENT/ask answers them. */
export interface AskSource {
  line: number;
  text: string;
  where: string;
  label: string;
  link: string;
}
export interface AskAnswer {
  id: string;
  client: string;
  question: string;
  kind: string;
  by: 'rules' | 'model';
  lines: string[];
  sources: AskSource[];
  notes: string[];
  can: string[];
  tools: { tool: string; arguments: string; refused: string | null }[];
}

/** As long as the server takes it. */
export const kQuestionMax = 500;

/** What is sent; null for a question that is none. */
export function questionOf(text: string): string | null {
  const question = text.replace(/\s+/g, ' ').trim();
  return question === '' || [...question].length > kQuestionMax ? null : question;
}

/** Each number once with the place it stands in, in the order of the lines. */
export function distinctSources(answer: AskAnswer): AskSource[] {
  const seen = new Set<string>();
  return [...answer.sources].sort((a, b) => a.line - b.line).filter((source) => {
    const key = `${source.text}\n${source.where}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
