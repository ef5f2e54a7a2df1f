import type { CheckKey, PartKey } from '../field-keys.ts';
import { checkTexts, type PanelWord, panelTexts, partTexts } from './panel-words.ts';
import { checkTextsInChinese, panelTextsInChinese, partTextsInChinese } from './panel-words-zh.ts';
import { useWords } from './words.ts';

export interface PanelTexts extends Readonly<Record<PanelWord, string>> {
	readonly part: Readonly<Record<PartKey, string>>;
	readonly check: Readonly<Record<CheckKey, string>>;
}

const english: PanelTexts = { ...panelTexts, part: partTexts, check: checkTexts };
const chinese: PanelTexts = { ...panelTextsInChinese, part: partTextsInChinese, check: checkTextsInChinese };

/** The texts of the panels are in their own file: a reader of the map does not wait for them. */
export const usePanelTexts = (): PanelTexts => (useWords().language === 'zh' ? chinese : english);
