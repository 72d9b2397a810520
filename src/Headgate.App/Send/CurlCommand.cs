using System.Globalization;
using System.Text;
using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.App.Send;

/// <summary>
/// A curl command, as documentation and the tools of browsers give them, read into a request. What it asks for and cannot have is refused by
/// name, so that nothing is sent that means something else.
/// </summary>
internal sealed class CurlCommand
{
    // Browsers copy what belongs to their connection; the request has its own.
    private static readonly string[] OfTheConnection = ["Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "TE"];

    private const string Letters = "XHdubAemFxoTcwKEGLkIsSfOvi#Ng";

    /// <summary>The long names of the letters, in the order of <see cref="Letters"/>.</summary>
    private static readonly string[] OfLetters =
    [
        "request", "header", "data", "user", "cookie", "user-agent", "referer", "max-time", "form", "proxy", "output", "upload-file", "cookie-jar", "write-out", "config", "cert",
        "get", "location", "insecure", "head", "silent", "show-error", "fail", "remote-name", "verbose", "include", "progress-bar", "no-buffer", "globoff",
    ];

    /// <summary>Options with a value.</summary>
    private static readonly HashSet<string> Valued =
    [
        "request", "header", "data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json", "url", "user", "oauth2-bearer", "cookie", "user-agent", "referer", "max-time",
        "retry", "retry-delay", "form", "proxy", "output", "upload-file", "cookie-jar", "write-out", "config", "cert", "cacert", "connect-timeout",
    ];

    /// <summary>Options that ask for what is done anyway, or change only what curl shows.</summary>
    private static readonly HashSet<string> Needless =
        ["location", "compressed", "silent", "show-error", "fail", "fail-with-body", "progress-bar", "no-progress-meter", "no-buffer", "globoff", "http1.1", "http2"];

    private static readonly HashSet<string> Flags = ["get", "head"];

    private static readonly Dictionary<string, string> Refused = new()
    {
        ["form"] = "forms of several parts are not built in this version: write the whole body into a file and send it with --data-binary @FILE and its content-type",
        ["proxy"] = "proxies are not in this version",
        ["insecure"] = "TLS is always verified",
        ["output"] = "the answer goes to standard output: write > FILE behind the command",
        ["remote-name"] = "the answer goes to standard output: write > FILE behind the command",
        ["upload-file"] = "send the file with -X PUT --data-binary @FILE",
        ["cookie-jar"] = "cookies are not kept",
        ["write-out"] = "--json of headgate send tells status, headers and times",
        ["include"] = "--json of headgate send shows the headers",
        ["verbose"] = "--explain of headgate send tells what happens, --json shows the headers",
        ["config"] = "its options cannot be read from a file",
        ["cert"] = "client certificates are not in this version",
        ["cacert"] = "authorities of your own are not in this version; those that the system trusts are",
        ["connect-timeout"] = "connectTimeout of headgate.json says how long connecting may take",
    };

    private readonly RequestDraft _draft;
    private readonly List<string> _cookies = [];
    private bool _isCompressed;

    private CurlCommand(RequestDraft draft) => _draft = draft;

    /// <summary>Whether an argument is a curl command rather than a URL.</summary>
    public static bool IsCurl(string argument) => argument.AsSpan().TrimStart() is ['c', 'u', 'r', 'l', ' ' or '\t' or '\n' or '\r' or '\\', ..];

    /// <summary>Reads a command.</summary>
    /// <param name="command">The command, beginning with <c>curl</c>.</param>
    /// <param name="variable">Gives the value of a variable of the shell.</param>
    /// <param name="readFile">Reads a file that data comes from.</param>
    /// <param name="notes">Gets what was left out, for people.</param>
    /// <exception cref="ShellTextException">It cannot be split into words.</exception>
    /// <exception cref="CurlWordException">Something in it is not understood, or cannot be had; the message names it.</exception>
    public static RequestDraft Read(string command, Func<string, string?> variable, Func<string, byte[]> readFile, ICollection<string> notes)
    {
        var curl = new CurlCommand(new RequestDraft(readFile));
        curl.ReadWords(ShellWords.Split(command, variable));
        if (curl._cookies.Count > 0)
            curl._draft.AddUsual("Cookie", string.Join("; ", curl._cookies));
        // What can be unpacked is asked for by whoever unpacks it.
        if (curl._isCompressed)
            curl._draft.Drop("Accept-Encoding");
        if (OfTheConnection.Where(curl._draft.Drop).ToList() is { Count: > 0 } dropped)
            notes.Add($"left out {string.Join(", ", dropped)}: {(dropped.Count == 1 ? "it is" : "they are")} for the connection, not for the request");
        return curl._draft;
    }

    private void ReadWords(IReadOnlyList<ShellWord> words)
    {
        var onlyUrls = false;
        for (var at = 1; at < words.Count; at++)
        {
            var (word, start) = words[at];
            try
            {
                if (onlyUrls || word.Length < 2 || word[0] != '-')
                    SetUrl(word);
                else if (word == "--")
                    onlyUrls = true;
                else if (word.StartsWith("--", StringComparison.Ordinal))
                    Take(word, word[2..], Valued.Contains(word[2..]) ? Next(words, ref at) : null);
                else
                    TakeLetters(word, words, ref at);
            }
            catch (ArgumentException wrong)
            {
                throw new CurlWordException(wrong.Message, start);
            }
        }
    }

    /// <summary>Letters may stand together, and the last one's value right behind it: <c>-sSXPOST</c>.</summary>
    private void TakeLetters(string word, IReadOnlyList<ShellWord> words, ref int at)
    {
        for (var letter = 1; letter < word.Length; letter++)
        {
            var shown = $"-{word[letter]}";
            var known = Letters.IndexOf(word[letter]);
            var name = known < 0 ? throw Unknown(shown) : OfLetters[known];
            if (Valued.Contains(name))
            {
                Take(shown, name, letter + 1 < word.Length ? word[(letter + 1)..] : Next(words, ref at));
                return;
            }
            Take(shown, name, null);
        }
    }

    private void Take(string shown, string name, string? value)
    {
        _isCompressed |= name == "compressed";
        if (Needless.Contains(name))
            return;
        if (Refused.TryGetValue(name, out var why))
            throw new ArgumentException($"curl's {shown}: {why}");
        if (Flags.Contains(name))
            TakeFlag(name);
        else if (value is not null)
            TakeValue(shown, name, value);
        else
            throw Unknown(shown);
    }

    private void TakeFlag(string name)
    {
        if (name == "get")
            _draft.PutsDataInQuery = true;
        else
            _draft.IsHead = true;
    }

    private void TakeValue(string shown, string name, string value)
    {
        switch (name)
        {
            case "url":
                SetUrl(value);
                break;
            case "request":
                _draft.Method = value;
                break;
            case "header" when value.StartsWith('@'):
                throw new ArgumentException($"curl's {shown}: headers are not read from a file; give each with a {shown} of its own");
            case "header":
                _draft.AddHeader($"curl's {shown}", value);
                break;
            case "user" when !value.Contains(':'):
                throw new ArgumentException($"curl's {shown}: the password is missing; write name:password");
            case "user":
                _draft.AddUsual("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(value))}");
                break;
            case "oauth2-bearer":
                _draft.AddUsual("Authorization", $"Bearer {value}");
                break;
            case "cookie":
                _cookies.Add(value.Contains('=') ? value : throw new ArgumentException($"curl's {shown}: cookies are not read from a file; write name=value"));
                break;
            case "user-agent":
                _draft.AddUsual("User-Agent", value);
                break;
            case "referer":
                _draft.AddUsual("Referer", value.EndsWith(";auto", StringComparison.Ordinal) ? value[..^5] : value);
                break;
            case "max-time":
                _draft.Timeout = Seconds(shown, value);
                break;
            case "retry-delay":
                _draft.RetryDelay = Seconds(shown, value);
                break;
            case "retry":
                _draft.Retries = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var retries) ? retries : throw new ArgumentException($"curl's {shown} is a number, not {RequestRules.Quote(value)}");
                break;
            default:
                TakeData(name, value);
                break;
        }
    }

    private void TakeData(string name, string value)
    {
        switch (name)
        {
            case "data-raw":
                _draft.AddData(value);
                break;
            case "data-binary":
                _draft.AddDataOrFile(value);
                break;
            case "data-urlencode":
                _draft.AddEncoded(value);
                break;
            case "json":
                _draft.AddDataOrFile(value, separator: "");
                _draft.AddUsual("Content-Type", "application/json");
                _draft.AddUsual("Accept", "application/json");
                break;
            default:
                _draft.AddDataOrLines(value);
                break;
        }
    }

    private void SetUrl(string url) => _draft.Url = _draft.Url is null ? url
        : throw new ArgumentException("there is more than one URL: give each a command of its own, or put them into a file for headgate run");

    private static TimeSpan Seconds(string shown, string value) =>
        Duration.TryParse(value, out var time) ? time : throw new ArgumentException($"curl's {shown} is a number of seconds, not {RequestRules.Quote(value)}");

    private static string Next(IReadOnlyList<ShellWord> words, ref int at) =>
        ++at < words.Count ? words[at].Text : throw new ArgumentException($"curl's {Excerpt.Of(words[at - 1].Text)} has no value");

    private static ArgumentException Unknown(string shown)
    {
        // Behind = curl takes no value, and what stands there may be a password.
        var name = shown.Split('=')[0];
        var isNamed = name.StartsWith("--", StringComparison.Ordinal);
        var advice = !isNamed ? "" : name.Length < shown.Length && Valued.Contains(name[2..]) ? "; its value stands behind a space" : NearestName.Suggest(name, Valued.Concat(Needless).Concat(Flags).Select(known => $"--{known}"));
        return new ArgumentException($"curl's option {Excerpt.Of(name)}{(name.Length < shown.Length ? "=…" : "")} is not understood{advice}");
    }
}

/// <summary>A word of a curl command is not understood.</summary>
/// <param name="what">Why, and which.</param>
/// <param name="start">Where it is written, from 0.</param>
internal sealed class CurlWordException(string what, int start) : ArgumentException(what)
{
    public int Start => start;
}
