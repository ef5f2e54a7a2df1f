import { type LabTexts, labTexts } from './lab-words.ts';
import { labTextsInChinese } from './lab-words-zh.ts';
import { useWords } from './words.ts';

export const useLabWords = (): LabTexts => (useWords().language === 'zh' ? labTextsInChinese : labTexts);
