using System.Text;

namespace Headgate.App.Formats;

/// <summary>
/// The passwords of a file such as <c>.netrc</c>: words <c>machine NAME login NAME password VALUE</c>, in any order behind the machine
/// (https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html). A key is named after its machine.
/// </summary>
internal static class NetrcFile
{
    public static bool Begins(string line) => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is ["machine" or "default", ..];

    /// <summary>The passwords in their order.</summary>
    /// <exception cref="SecretsException">A word is not known, or has nothing behind it.</exception>
    public static IEnumerable<FoundKey> Read(string text)
    {
        var (machine, known) = ("", new Dictionary<string, int>());
        using var words = Words(text).GetEnumerator();
        while (words.MoveNext())
        {
            var (word, place) = words.Current;
            switch (word)
            {
                case "default":
                    machine = "default";
                    break;
                case "machine":
                    machine = Next();
                    break;
                case "password":
                    var value = Next();
                    var number = known[machine] = known.GetValueOrDefault(machine) + 1;
                    yield return new FoundKey(number == 1 ? machine : $"{machine}-{number}", value, words.Current.Place);
                    break;
                case "login" or "account":
                    Next();
                    break;
                default:
                    // It may be part of a password with a space in it.
                    throw new SecretsException("a word that is none of machine, default, login, account, password", place);
            }

            string Next() => words.MoveNext() ? words.Current.Word : throw new SecretsException($"nothing follows {word}", place);
        }
    }

    private static IEnumerable<(string Word, TextPlace Place)> Words(string text)
    {
        var (number, isMacro) = (0, false);
        foreach (var line in text.Split('\n'))
        {
            number++;
            var trimmed = line.Trim();
            // A macro goes on to the next empty line.
            isMacro = (isMacro && trimmed.Length > 0) || trimmed.StartsWith("macdef", StringComparison.Ordinal);
            if (isMacro || trimmed.StartsWith('#'))
                continue;
            for (var at = 0; at < line.Length; at++)
            {
                if (char.IsWhiteSpace(line[at]))
                    continue;
                var start = at;
                while (at < line.Length && !char.IsWhiteSpace(line[at]))
                    at++;
                yield return (line[start..at], new TextPlace(number, 1, 0).After(Encoding.UTF8.GetBytes(line[..start])));
            }
        }
    }
}
