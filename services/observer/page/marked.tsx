/** A text with commands between backticks, as in Markdown. */
export function Marked({ text }: { readonly text: string }) {
	return <>{text.split('`').map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}</>;
}
