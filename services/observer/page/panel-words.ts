/** The texts of the panels in English; panel-words-zh.ts has the Chinese ones. */
export const panelTexts = {
	inThisPhase: 'In this phase',
	attacks: 'Possible attacks',
	trustDocument: 'From docs/trust.md',
};
export type PanelWord = keyof typeof panelTexts;
