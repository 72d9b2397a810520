using System.CommandLine;
using System.CommandLine.Completions;

namespace Headgate.App.CommandLine;

/// <summary>A verb as completion scripts see it.</summary>
/// <param name="Path">The verbs that lead to it, each after a space: empty for the program, <c> config check</c>.</param>
/// <param name="Verbs">The verbs below it, with what they do.</param>
/// <param name="Options">Its options.</param>
/// <param name="Choices">The words that its arguments may be.</param>
internal sealed record CompletionVerb(string Path, IReadOnlyList<(string Name, string Meaning)> Verbs, IReadOnlyList<CompletionOption> Options, IReadOnlyList<string> Choices);

/// <summary>An option as completion scripts see it.</summary>
/// <param name="Names">Its name and aliases.</param>
/// <param name="TakesValue">Whether the next word is its value.</param>
/// <param name="Choices">The words that the value may be; empty for any, and files are offered.</param>
/// <param name="Meaning">What it does.</param>
internal sealed record CompletionOption(IReadOnlyList<string> Names, bool TakesValue, IReadOnlyList<string> Choices, string Meaning);

/// <summary>Walks the commands once, so that the scripts need to know nothing of them.</summary>
internal static class CompletionTree
{
    public static IReadOnlyList<CompletionVerb> Of(Command root)
    {
        var verbs = new List<CompletionVerb>();
        Walk(root, "", [], verbs);
        return verbs;
    }

    private static void Walk(Command command, string path, IReadOnlyList<Option> inherited, List<CompletionVerb> verbs)
    {
        var options = command.Options.Concat(inherited).Where(option => !option.Hidden).ToList();
        var below = command.Subcommands.Where(verb => !verb.Hidden).ToList();
        verbs.Add(new CompletionVerb(
            path,
            [.. below.Select(verb => (verb.Name, FirstLine(verb.Description)))],
            [.. options.Select(Describe)],
            [.. command.Arguments.SelectMany(Choices)]));
        List<Option> recursive = [.. options.Where(option => option.Recursive)];
        foreach (var verb in below)
            Walk(verb, $"{path} {verb.Name}", recursive, verbs);
    }

    /// <summary>A description without what follows its first line.</summary>
    public static string FirstLine(string? description) => description?.Split('\n')[0].TrimEnd('\r') ?? "";

    private static CompletionOption Describe(Option option) => new(
        [option.Name, .. option.Aliases], option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool), Choices(option), FirstLine(option.Description));

    private static IReadOnlyList<string> Choices(Symbol symbol) =>
        symbol is Option { ValueType: var type } && type == typeof(bool) ? [] : [.. symbol.GetCompletions(CompletionContext.Empty).Select(item => item.Label)];
}
