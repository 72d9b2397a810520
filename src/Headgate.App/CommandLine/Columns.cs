using System.Text;
using Spectre.Console;

namespace Headgate.App.CommandLine;

/// <summary>Rows of text in columns: a table for whoever watches, plain columns for programs. What others wrote cannot steer the terminal.</summary>
internal static class Columns
{
    /// <summary>The last columns, which have the long texts, share what room the others leave.</summary>
    private const int Wrapped = 2;

    /// <summary>Writes a table.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="head">The names of the columns.</param>
    /// <param name="rows">The cells of each row.</param>
    /// <param name="terminal">What the output can show.</param>
    public static void Write(TextWriter output, IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows, Terminal terminal)
    {
        if (terminal.IsTerminal)
            Draw(output, head, rows, terminal);
        else
            Print(output, head, rows);
    }

    /// <summary>A text with its control characters made visible.</summary>
    public static string Visible(string text)
    {
        if (!text.Any(char.IsControl))
            return text;
        var visible = new StringBuilder();
        foreach (var letter in text)
            visible.Append(letter is '\n' or '\r' or '\t' ? ' ' : char.IsControl(letter) ? '\uFFFD' : letter);
        return visible.ToString();
    }

    private static void Draw(TextWriter output, IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows, Terminal terminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = terminal.HasColours ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = terminal.HasColours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = terminal.Width;
        var table = new Table { Border = TableBorder.None };
        for (var column = 0; column < head.Count; column++)
            table.AddColumn(new TableColumn(new Text(head[column], new Style(decoration: Decoration.Bold))) { NoWrap = column < head.Count - Wrapped, Padding = new Padding(0, 0, 2, 0) });
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(Visible(cell)) { Overflow = Overflow.Ellipsis }));
        console.Write(table);
    }

    private static void Print(TextWriter output, IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> all = [head, .. rows.Select(row => (IReadOnlyList<string>)[.. row.Select(Visible)])];
        var widths = Enumerable.Range(0, head.Count).Select(column => all.Max(row => row[column].Length)).ToList();
        foreach (var row in all)
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
