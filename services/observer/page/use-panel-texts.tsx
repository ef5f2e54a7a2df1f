import { type PanelWord, panelTexts } from './panel-words.ts';
import { panelTextsInChinese } from './panel-words-zh.ts';
import { useWords } from './words.ts';

/** The texts of the panels are in their own file: a reader of the map does not wait for them. */
export const usePanelTexts = (): Readonly<Record<PanelWord, string>> =>
	useWords().language === 'zh' ? panelTextsInChinese : panelTexts;
