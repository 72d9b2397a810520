using System.Text;
using Spectre.Console;

namespace Headgate.App.CommandLine;

/// <summary>Rows of text in columns: a table for whoever watches, plain columns for programs. What others wrote cannot steer the terminal.</summary>
internal static class Columns
{
    /// <summary>The last columns, which have the long texts, share what room the others leave.</summary>
    private const int Wrapped = 2;

    /// <summary>Writes a table to stdout.</summary>
    /// <param name="output">What it is.</param>
    /// <param name="head">The names of the columns.</param>
    /// <param name="rows">The cells of each row; one without a text becomes "-", so that programs find every column in its place.</param>
    public static void Write(TextWriter output, IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> visible = [.. rows.Select(row => (IReadOnlyList<string>)[.. row.Select(cell => cell.Length == 0 ? "-" : Visible(cell))])];
        if (Terminal.OfOutput() is { IsTerminal: true } terminal)
            Draw(output, head, visible, terminal);
        else
            Print(output, [head, .. visible]);
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
            table.AddRow(row.Select(cell => new Text(cell) { Overflow = Overflow.Ellipsis }));
        console.Write(table);
    }

    private static void Print(TextWriter output, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(column => rows.Max(row => row[column].Length)).ToList();
        foreach (var row in rows)
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
