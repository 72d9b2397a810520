namespace Headgate.App.CommandLine;

/// <summary>Rows of cells under one another, as wide as they need to be.</summary>
internal static class TextTable
{
    public static void Write(TextWriter output, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = new int[rows.Max(row => row.Count)];
        foreach (var row in rows)
            for (var column = 0; column < row.Count; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        foreach (var row in rows)
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
