using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>The options of <c>headgate serve</c> that are settings of its configuration as well, and win over that.</summary>
internal sealed class ServeFlags
{
    private readonly Option<string[]> _listen = new("--listen") { HelpName = "URL", Description = $"Where the API listens, http:// or https://; beyond loopback once there is a token; port 0 takes a free one (default {ListenUrl.Usual})." };
    private readonly Option<string?> _data = new("--data") { HelpName = "DIR", Description = "Where jobs and the record of sends are kept; ./data by default." };
    private readonly Option<string?> _queue = new("--queue") { HelpName = "URL", Description = "Where jobs wait: sqlite: in --data (default), sqlite:PATH, or memory: for as long as the process lives." };
    private readonly Option<string?> _store = new("--store") { HelpName = "URL", Description = "Where jobs and their results are kept; where --queue is by default." };
    private readonly Option<string[]> _retention = new("--retention") { HelpName = "AGE|SIZE", Description = "How long jobs that have ended are kept, and how large they may be together; 7d and 2GiB by default." };
    private readonly Option<string?> _hold = new("--hold") { HelpName = "S", Description = "How long a call to the gateway waits for its turn; 120 s by default." };
    private readonly Option<string?> _drain = new("--drain") { HelpName = "S", Description = "How long what is in flight may take when it is told to stop; 25 s by default." };
    private readonly Option<string[]> _ups = new("--up") { HelpName = "NAME=BASE_URL", Description = "An API by its base address, which may be private; more of it goes into the configuration." };
    private readonly Option<string?> _root = new("--up-root") { HelpName = "NAME", Description = "The whole port is a reverse proxy for that API, but for the service's own paths." };

    private readonly Option<string?> _proxy = new("--proxy-listen") { HelpName = "URL", Description = $"Where a forward proxy listens, for example http://127.0.0.1:{ListenUrl.UsualProxyPort}; there is none without." };
    private readonly Option<string[]> _upgrades = new("--proxy-upgrade") { HelpName = "HOST", Description = "Through the forward proxy, http:// to this host goes as https://, so that its limits hold there too." };
    private readonly Option<string?> _tokens = new("--tokens-file") { HelpName = "FILE", Description = "A file of tokens beside those of \"headgate tokens\", read anew when it changes." };

    public IEnumerable<Option> All => [_listen, _data, _queue, _store, _retention, _hold, _drain, _ups, _root, _proxy, _upgrades, _tokens];

    /// <summary>What they say.</summary>
    /// <exception cref="CommandException">One of them cannot be understood.</exception>
    public IReadOnlyList<ConfigurationOverride> Read(ParseResult parse)
    {
        var said = (parse.GetValue(_ups) ?? []).Select(ReadApi).ToList();
        if (parse.GetValue(_listen) is { Length: > 0 } urls)
            said.Add(new ConfigurationOverride("/serve/listen", urls, _listen.Name));
        if (parse.GetValue(_upgrades) is { Length: > 0 } hosts)
            said.Add(new ConfigurationOverride("/serve/proxyUpgrade", hosts, _upgrades.Name));
        foreach (var (option, pointer) in ((Option<string?>, string)[])
            [(_data, "/serve/data"), (_hold, "/serve/hold"), (_root, "/serve/upRoot"), (_proxy, "/serve/proxyListen"), (_queue, "/jobs/queue"), (_store, "/jobs/store"), (_drain, "/jobs/drain"), (_tokens, "/serve/tokensFile")])
            if (parse.GetValue(option) is { } value)
                said.Add(new ConfigurationOverride(pointer, [value], option.Name));
        said.AddRange((parse.GetValue(_retention) ?? []).Select(ReadRetention));
        return said;
    }

    private static ConfigurationOverride ReadRetention(string text) =>
        Duration.TryParse(text, out _) ? new ConfigurationOverride("/jobs/retention/age", [text], "--retention")
        : ByteSize.TryParse(text, out _) ? new ConfigurationOverride("/jobs/retention/bytes", [text], "--retention")
        : throw new CommandException(ExitCode.Configuration, $"--retention \"{text}\" is neither an age nor a size; give for example 7d or 2GiB, or both, each with its own --retention");

    private static ConfigurationOverride ReadApi(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } address]
        ? new ConfigurationOverride($"{ConfigurationNode.Below("/upstreams", name)}/base", [address], "--up")
        : throw new CommandException(ExitCode.Usage, $"--up \"{text}\": give a name and a base address, for example --up github=https://api.github.com");
}
