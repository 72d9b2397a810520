using System.Globalization;
using System.Text.RegularExpressions;

namespace Headgate.IntegrationTests.Docs;

/// <summary>A command of a console block with what the page says comes of it.</summary>
/// <param name="Where">The page and line of the command.</param>
/// <param name="Command">What is typed; several lines where one ends in a backslash or begins a here-document.</param>
/// <param name="Code">The exit code: that of a trailing comment <c># exit 1</c>, else 0.</param>
/// <param name="Expected">Lines of its output in their order; <c>…</c> stands for anything.</param>
internal sealed partial record ConsoleStep(string Where, string Command, int Code, IReadOnlyList<string> Expected)
{
    /// <summary>It goes on beside the steps after it.</summary>
    public bool IsBackground => WithoutComment().Replace(Command, "").TrimEnd().EndsWith('&');

    public static IReadOnlyList<ConsoleStep> Read(Block block)
    {
        var steps = new List<ConsoleStep>();
        var lines = new Queue<(string Text, int Number)>(block.Lines.Select((line, index) => (line, block.Line + index)));
        while (lines.TryDequeue(out var line))
        {
            if (!line.Text.StartsWith("$ ", StringComparison.Ordinal))
                throw new InvalidDataException($"{block.Document}:{line.Number}: a console block begins with a command after \"$ \"");
            var command = new List<string> { line.Text[2..] };
            while (command[^1].EndsWith('\\') && lines.TryDequeue(out var more))
                command.Add(more.Text);
            if (HereDocument().Match(command[^1]) is { Success: true } here)
                while (command[^1].Trim() != here.Groups["end"].Value && lines.TryDequeue(out var more))
                    command.Add(more.Text);
            var expected = new List<string>();
            while (lines.TryPeek(out var next) && !next.Text.StartsWith("$ ", StringComparison.Ordinal))
                expected.Add(lines.Dequeue().Text);
            var code = command.Select(each => ExitComment().Match(each)).LastOrDefault(match => match.Success);
            steps.Add(new ConsoleStep($"{block.Document}:{line.Number}", string.Join('\n', command), code is null ? 0 : int.Parse(code.Groups["code"].Value, CultureInfo.InvariantCulture), [.. expected.Where(each => each.Trim().Length > 0)]));
        }
        return steps;
    }

    /// <summary>
    /// The first expected line that the output does not have, after those before it; null if all are there. Spaces are alike however
    /// many: columns move with what stands in them.
    /// </summary>
    public string? FirstMissing(string output)
    {
        var written = new Queue<string>(Escapes().Replace(output, "").Split('\n').Select(OneSpaced));
        foreach (var expected in Expected)
        {
            var pattern = string.Join(".*", OneSpaced(expected).Split('…').Select(Regex.Escape));
            var found = false;
            while (!found && written.TryDequeue(out var line))
                found = Regex.IsMatch(line, $"^{pattern}$", RegexOptions.None, TimeSpan.FromSeconds(1));
            if (!found)
                return expected;
        }
        return null;
    }

    private static string OneSpaced(string line) => string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"<<-?\s*['""]?(?<end>\w+)['""]?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HereDocument();

    [GeneratedRegex(@"\s# exit (?<code>\d+)\s*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExitComment();

    [GeneratedRegex(@"\s#[^'""]*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WithoutComment();

    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Escapes();
}
