/** The texts of the panels in Chinese. */
import type { PanelWord } from './panel-words.ts';

export const panelTextsInChinese: Readonly<Record<PanelWord, string>> = {
	inThisPhase: '此阶段',
	attacks: '可能的攻击',
	trustDocument: '摘自 docs/trust.zh.md',
};
