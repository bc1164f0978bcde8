import { describe, expect, test } from 'vitest';
import { distinctSources, kQuestionMax, questionOf, type AskAnswer } from '../src/lib/ask';

describe('a question', () => {
  test('is sent without what surrounds it', () => {
    expect(questionOf('  why did\n CPA  rise? ')).toBe('why did CPA rise?');
  });
  test('that is none, or too long, is not sent', () => {
    expect(questionOf('')).toBeNull();
    expect(questionOf(' \n\t ')).toBeNull();
    expect(questionOf('a'.repeat(kQuestionMax))).toHaveLength(kQuestionMax);
    expect(questionOf('a'.repeat(kQuestionMax + 1))).toBeNull();
    // Counted in characters, as the server does.
    expect(questionOf('👩'.repeat(kQuestionMax))).not.toBeNull();
  });
});

describe('sources', () => {
  const answer: AskAnswer = {
    id: 'q-1', client: 'A', question: '?', kind: 'why', by: 'rules', lines: ['a', 'b'], notes: [], can: [], tools: [],
    sources: [
      { line: 1, text: '€2', where: 'campaigns[x].cpa', label: 'CPA', link: '' },
      { line: 0, text: '€1', where: 'campaigns[x].spend', label: 'Spend', link: '' },
      { line: 1, text: '€1', where: 'campaigns[x].spend', label: 'Spend', link: '' },
      { line: 1, text: '€1', where: 'campaigns[y].spend', label: 'Spend', link: '' },
    ],
  };
  test('are told once each, in the order of the lines', () => {
    expect(distinctSources(answer).map(({ text, where }) => `${text} ${where}`)).toEqual([
      '€1 campaigns[x].spend', '€2 campaigns[x].cpa', '€1 campaigns[y].spend',
    ]);
    expect(answer.sources[0]!.line).toBe(1);
  });
});
