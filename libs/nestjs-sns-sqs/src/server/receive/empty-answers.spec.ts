import { EmptyAnswers } from './empty-answers.js';

describe('the pause after receives that found nothing', () => {
  it('follows the second early answer, doubles, and is a second at most', () => {
    const answers = new EmptyAnswers(0);

    const pauses = Array.from({ length: 9 }, () => answers.pauseMsAfter(2));

    expect(pauses).toEqual([0, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
  });

  it('is none after a long poll that waited, and begins anew after it', () => {
    const answers = new EmptyAnswers(20);
    for (let each = 0; each < 5; each++) answers.pauseMsAfter(2);

    expect(answers.pauseMsAfter(10_001)).toBe(0);
    expect([answers.pauseMsAfter(10_000), answers.pauseMsAfter(10_000)]).toEqual([0, 20]);
  });

  it('begins anew after messages', () => {
    const answers = new EmptyAnswers(0);
    for (let each = 0; each < 5; each++) answers.pauseMsAfter(2);

    answers.forget();

    expect([answers.pauseMsAfter(2), answers.pauseMsAfter(2)]).toEqual([0, 20]);
  });
});
