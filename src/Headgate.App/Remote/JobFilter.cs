using System.Text;
using Headgate.App.CommandLine;
using Headgate.App.Service;
using Headgate.Configuration;

namespace Headgate.App.Remote;

/// <summary>Which jobs a command line means: words such as <c>status=failed tag="my tag"</c>, which all must fit. Pure.</summary>
internal static class JobFilter
{
    /// <summary>What the filters know, for the help.</summary>
    public static string Known => string.Join(", ", JobQuery.Filters);

    /// <summary>The query of a call, without <c>?</c>; empty for no filter.</summary>
    /// <exception cref="CommandException">A word is no filter.</exception>
    public static string Query(IEnumerable<string> filters)
    {
        var (query, seen) = (new StringBuilder(), new HashSet<string>());
        foreach (var word in filters.SelectMany(Words))
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            var name = at < 0 ? word : word[..at];
            if (!JobQuery.Filters.Contains(name))
                throw Wrong($"\"{Excerpt.Of(name)}\" is none of {Known}{NearestName.Suggest(name, JobQuery.Filters)}");
            if (at < 0 || at == word.Length - 1)
                throw Wrong($"{name} needs a value: {name}=…");
            if (!seen.Add(name))
                throw Wrong($"{name} is given twice");
            query.Append(query.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(word[(at + 1)..]));
        }
        return query.ToString();
    }

    /// <summary>Words are parted by spaces, but for those in quotes.</summary>
    private static List<string> Words(string text)
    {
        var (words, word, quote) = (new List<string>(), new StringBuilder(), '\0');
        foreach (var letter in text + " ")
            if (quote != '\0' ? letter == quote : letter is '"' or '\'')
                quote = quote == '\0' ? letter : '\0';
            else if (quote != '\0' || !char.IsWhiteSpace(letter))
                word.Append(letter);
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        return quote == '\0' ? words : throw Wrong($"the quote {quote} is not closed");
    }

    private static CommandException Wrong(string what) => new(ExitCode.Usage, $"--filter: {what}");
}
