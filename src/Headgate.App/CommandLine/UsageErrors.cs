using System.CommandLine;
using System.CommandLine.Parsing;
using Headgate.Configuration;

namespace Headgate.App.CommandLine;

/// <summary>Says what of a command line was not understood, and what was probably meant.</summary>
internal static class UsageErrors
{
    /// <summary>The sentences to show; none when everything was understood.</summary>
    public static IReadOnlyList<string> Find(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        var strangers = parse.UnmatchedTokens.ToList();
        strangers.AddRange(parse.Tokens.Where(token => token.Type == TokenType.Directive).Select(token => token.Value));
        var afterDashes = AfterDashes(parse);
        // The parser takes an unknown option for an argument where the verb has room for one.
        foreach (var argument in parse.CommandResult.Children.OfType<ArgumentResult>())
            strangers.AddRange(argument.Tokens.Where(token => IsOption(token.Value) && !afterDashes.Contains(token)).Select(token => token.Value));
        // What follows an unknown verb was meant for it.
        if (command.Subcommands.Count > 0 && strangers is [var verb, ..] && !IsOption(verb))
            strangers = [verb];
        // What follows an unknown option was meant as its value.
        else if (strangers.Exists(IsOption))
            strangers.RemoveAll(stranger => !IsOption(stranger));
        var sentences = strangers.Select(stranger => Describe(command, parse, stranger)).ToList();
        if (sentences.Count == 0)
            sentences.AddRange(parse.Errors.Select(error => IsMissingVerb(error, command) ? MissingVerb(command) : Missing(error) ?? NotOneOf(error) ?? OnOneLine(error.Message)));
        return [.. sentences.Distinct()];
    }

    /// <summary>The name of a command with those above it: <c>headgate config check</c>.</summary>
    public static string PathOf(CommandResult result) =>
        result.Parent is CommandResult above ? $"{PathOf(above)} {result.Command.Name}" : result.Command.Name;

    private static string Describe(Command command, ParseResult parse, string stranger)
    {
        if (IsOption(stranger))
        {
            var name = stranger.Split('=', 2)[0];
            if (OptionsOf(parse.CommandResult).Contains(name))
                return $"{name} comes after the verb: {PathOf(parse.CommandResult)} {name} …";
            return $"unknown option \"{name}\"{NearestName.Suggest(name, OptionsOf(parse.CommandResult))}";
        }
        if (command.Subcommands.Count > 0)
            return $"unknown verb \"{stranger}\"{NearestName.Suggest(stranger, command.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name))}";
        return command.Arguments.Count == 0
            ? $"\"{stranger}\" is too much: the verb takes no argument"
            : $"\"{stranger}\" is too much: the verb takes {Plural(command.Arguments.Max(argument => argument.Arity.MaximumNumberOfValues), "argument")}; quote what belongs together";
    }

    private static bool IsMissingVerb(ParseError error, Command command) =>
        command.Subcommands.Count > 0 && command.Action is null && error.SymbolResult is CommandResult;

    private static string MissingVerb(Command command) =>
        $"a verb is missing: {string.Join(", ", command.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name))}";

    /// <summary>An argument or the value of an option that is not there.</summary>
    private static string? Missing(ParseError error) => (error.SymbolResult, error.SymbolResult?.Parent) switch
    {
        (OptionResult { Tokens.Count: 0 } option, _) => MissingValue(option.Option),
        (ArgumentResult { Tokens.Count: 0 }, OptionResult option) => MissingValue(option.Option),
        (ArgumentResult { Tokens.Count: 0 } argument, _) => $"{NameOf(argument.Argument)} is missing",
        _ => null,
    };

    private static string MissingValue(Option option) => $"{option.Name} needs a value{(option.HelpName is { } value ? $": {option.Name} {value}" : "")}";

    private static string NameOf(Argument argument) => argument.HelpName ?? argument.Name;

    /// <summary>A word that is not among those an option knows.</summary>
    private static string? NotOneOf(ParseError error) =>
        (error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult) is { Option: { ValueType.IsEnum: true, HelpName: { } words } option } result
            ? $"{option.Name} \"{string.Join(' ', result.Tokens)}\": give one of {words.Replace("|", ", ", StringComparison.Ordinal)}"
            : null;

    private static IEnumerable<string> OptionsOf(CommandResult result)
    {
        IEnumerable<Option> options = result.Command.Options;
        for (var above = result.Parent as CommandResult; above is not null; above = above.Parent as CommandResult)
            options = options.Concat(above.Command.Options.Where(option => option.Recursive));
        return options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal));
    }

    private static HashSet<Token> AfterDashes(ParseResult parse) =>
        new(parse.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash), ReferenceEqualityComparer.Instance);

    // "-" alone is standard input; "-5" is a number.
    private static bool IsOption(string token) => token.Length > 1 && token[0] == '-' && !char.IsAsciiDigit(token[1]);

    private static string OnOneLine(string message) =>
        string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    private static string Plural(int count, string noun) => count == 1 ? $"one {noun}" : $"{count} {noun}s";
}
