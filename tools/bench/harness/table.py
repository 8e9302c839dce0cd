"""The result as Markdown."""
import figures

HEAD = (
    "| scenario | figure | peer | ours | ours / peer | spread | bound |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | --- |"
)

NOTE = (
    "Medians; the ratio is the median of the ratios within each pair, the spread their least and "
    "greatest. CPU is the server's user and system time per million messages (`fan.*`: "
    "deliveries; `connects.*`: connections). `bound`: whose CPU the load consists of, and the "
    "server's share of it; where it is the client's, compare the CPU and not the rate."
)


def rows(name, pairs):
    """The lines of one scenario."""
    lines = []
    label, side = f"`{name}`", figures.bound(pairs)
    for figure in figures.FIGURES:
        c = figures.compare(pairs, figure.key)
        if c is None:
            continue
        ratio = figures.number(c.ratio, 2)
        spread = f"{figures.number(c.least, 2)}–{figures.number(c.most, 2)}"
        arrow = "↓" if figure.better == "less" else "↑"
        peer, ours = (figures.number(v, figure.digits) for v in (c.peer, c.ours))
        lines.append(
            f"| {label} | {figure.text} {arrow} | {peer} | {ours} | {ratio} | {spread} | {side} |"
        )
        label = side = ""
    return lines


def table(results, failures):
    lines = [HEAD]
    for name, pairs in results.items():
        if pairs:
            lines += rows(name, pairs)
    lines += ["", NOTE]
    lines += [f"- failed: `{name}`: {' '.join(why.split())[:400]}" for name, why in failures]
    return "\n".join(lines)
