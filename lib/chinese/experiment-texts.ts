/** The experiments and their steps in Chinese, by their names; undefined for an experiment of another catalogue. */
import { lookup, translator } from '../errors/chinese/template.ts';
import { stepTexts } from './experiment-steps.ts';
import { experimentTexts } from './experiments.ts';

export const experimentsInChinese = lookup(experimentTexts);
export const experimentStepInChinese = translator(stepTexts);
