/** docs/errors.zh.md, generated from the table of errors and its Chinese texts. */
import { meaningInChinese, sentenceInChinese } from '../../lib/errors/chinese/index.ts';
import type { KubejoinError } from '../../lib/errors.ts';
import { type ErrorEntry, errorEntries } from './error-page.ts';
import { listItem } from './table.ts';

const translated = (text: string): string => sentenceInChinese(text) ?? text;

function remedyOf({ remedy }: KubejoinError): string {
	const text = translated(remedy);
	if (!text.includes('\n')) return listItem(`处理：${text}`);
	return `- 处理：\n\n  \`\`\`text\n  ${text.replaceAll('`', '').replaceAll('\n', '\n  ')}\n  \`\`\``;
}

const adviceOf = (error: KubejoinError): string =>
	[
		...(error.mostLikely === undefined ? [] : [listItem(`最可能：${translated(error.mostLikely)}`)]),
		...error.alsoPossible.map((text) => listItem(`也可能：${translated(text)}`)),
		remedyOf(error),
		'',
	].join('\n');

function sectionOf({ code, error, causes }: ErrorEntry): string {
	const meaning = meaningInChinese(code) ?? translated(error.message);
	const byCause = causes.map((one) => `\`cause\` 为 \`${one.cause}\` 时：\n\n${adviceOf(one.error)}`);
	const head = `## ${code}\n\n\`\`\`text\n${error.message}\n\`\`\`\n\n${listItem(`含义：${meaning}`)}`;
	return `${head}\n${[adviceOf(error), ...byCause].join('\n')}`;
}

export const errorPageInChinese = (): string => `# 错误代码

本页由 \`npm run docs\` 从 [lib/errors/table](../lib/errors/table/index.ts) 生成，不要手动修改。英文版：[errors.md](errors.md)，
其中有 gRPC 状态、HTTP 状态和退出码。

每个错误都有代码、错误信息和处理方法，多数还有可能的原因。代码的含义从不改变。Kubernetes 有对应的错误信息时，使用 Kubernetes 的原文。
花括号表示值。页面显示本页的中文，设置 \`LANG=zh_CN.UTF-8\` 后，终端也显示；JSON 日志使用英文。

${errorEntries().map(sectionOf).join('\n')}`;
