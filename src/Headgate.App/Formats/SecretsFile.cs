using System.Text;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Formats;

/// <summary>A file of secrets in one of the shapes that people keep them in; which one, its text tells.</summary>
internal static class SecretsFile
{
    /// <summary>The variable of the key distributor that says what each of API_KEYS may do in a minute.</summary>
    private const string RateLimit = "RATE_LIMIT";

    /// <summary>Parts of names of variables that hold a secret.</summary>
    private static readonly string[] SecretWords = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "PAT"];

    /// <summary>Its keys in their order. Of the variables of an environment only those whose names say that they are secrets, unless others are asked for.</summary>
    /// <param name="text">The text.</param>
    /// <param name="only">Patterns of names, with * for anything; empty for what is usual.</param>
    /// <param name="notes">Told what was left out.</param>
    /// <exception cref="SecretsException">It cannot be read.</exception>
    public static List<FoundKey> Read(string text, IReadOnlyList<string> only, Action<string> notes)
    {
        List<FoundKey> all = [.. Split(ReadAll(text, notes))];
        List<FoundKey> keys = [.. all.Where(key => only.Count > 0 ? only.Any(pattern => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, key.Name ?? "", ignoreCase: false)) : key.IsSurely || IsSecret(key.Name!))];
        if (all.Except(keys).Select(key => key.Name).OfType<string>().Distinct().Where(name => name != RateLimit).ToList() is { Count: > 0 } others)
            notes($"left out {string.Join(", ", others.Take(10))}{(others.Count > 10 ? $" and {others.Count - 10} more" : "")}: {(only.Count > 0 ? "--only names others" : "the names do not say that they are keys; --only NAME takes them")}");
        return keys;
    }

    private static IEnumerable<FoundKey> ReadAll(string text, Action<string> notes)
    {
        if (text.AsSpan().TrimStart() is ['{' or '[', ..])
            return new JsonSecrets(notes).Read(text);
        var first = text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && line[0] != '#') ?? "";
        return NetrcFile.Begins(first) ? NetrcFile.Read(text) : EnvironmentFile.Sets(first) ? Variables(text) : Lines(text);
    }

    /// <summary>The variables of an environment, but for those that are empty.</summary>
    private static IEnumerable<FoundKey> Variables(string text)
    {
        var file = EnvironmentFile.Read(text);
        if (file.Errors is [var (place, message), ..])
            throw new SecretsException(message, place);
        return file.Variables.Where(variable => variable.Value.Length > 0).Select(variable => new FoundKey(variable.Name, variable.Value, variable.ValuePlace) { IsSurely = false });
    }

    /// <summary>A key a line, or a name and a key.</summary>
    private static IEnumerable<FoundKey> Lines(string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var whole = line.Trim();
            if (whole is [] or ['#', ..])
                continue;
            var space = whole.IndexOfAny([' ', '\t']);
            var (name, value) = space < 0 ? (null, whole) : (whole[..space].TrimEnd(':', ','), whole[space..].Trim());
            var place = new TextPlace(number, 1, 0).After(Encoding.UTF8.GetBytes(line[..line.LastIndexOf(value, StringComparison.Ordinal)]));
            if (value.AsSpan().ContainsAny(' ', '\t'))
                throw new SecretsException("more than two words: a line is a key, or a name and a key", place);
            yield return new FoundKey(name, value, place);
        }
    }

    /// <summary>Variables named for several (API_KEYS) have them with commas between; RATE_LIMIT beside it is what each may do in a minute.</summary>
    private static IEnumerable<FoundKey> Split(IEnumerable<FoundKey> found)
    {
        List<FoundKey> all = [.. found];
        var limit = all.Find(key => key is { IsSurely: false, Name: RateLimit })?.Value;
        foreach (var key in all)
            if (key.IsSurely || !(key.Name!.EndsWith("KEYS", StringComparison.Ordinal) || key.Name.EndsWith("TOKENS", StringComparison.Ordinal)))
                yield return key;
            else
                foreach (var (index, value) in key.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Index())
                    yield return key with { Name = $"{key.Name}-{index + 1}", Value = value, Limit = key.Name == "API_KEYS" && limit is not null ? $"{limit}/min" : null };
    }

    private static bool IsSecret(string name) => name.ToUpperInvariant().Split(['_', '.', '-']).Any(word => SecretWords.Any(secret => secret == "PAT" ? word == secret : word.Contains(secret, StringComparison.Ordinal)));
}
