using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Proxies;

namespace Headgate.App.Commands;

/// <summary>What <c>headgate proxies</c> does with the encrypted store of this machine.</summary>
internal static class StoredProxiesCommands
{
    private static readonly StoreVerbs Store = new(SecretKind.Proxy);

    public static Command CreateAdd()
    {
        var url = new Argument<string?>("URL") { Description = "http://, https:// or socks5://[USER:PASSWORD@]HOST:PORT[?tunnel=always]. With \"-\", or without it, it is typed, or comes through standard input: what has a password every user of the machine sees among the arguments.", Arity = ArgumentArity.ZeroOrOne };
        var country = new Option<string?>("--country") { HelpName = "CC", Description = "The country it sends from, in two letters (ISO 3166)." };
        var exit = new Option<string?>("--exit") { HelpName = "NAME", Description = "The address that servers see, by any name: proxies of one exit share its limits." };
        var limits = new Option<string[]>("--limit") { HelpName = "LIMIT", Description = "A limit of its exit at each API, in the place of those of the pool that uses it.", AllowMultipleArgumentsPerToken = false };
        return Store.CreateAdd(url, limits, [country, exit], async (parse, known, stop) =>
        {
            var value = await ReadUrlAsync(parse.GetValue(url), parse.GetValue(Store.From), parse.InvocationConfiguration.Error, stop);
            return Described(known with { Country = parse.GetValue(country), Exit = parse.GetValue(exit) }, value);
        });
    }

    public static Command CreateRemove() => Store.CreateRemove(new Argument<string>("PROXY") { Description = "The proxy, by its name as proxies ls shows it." },
        static typed => ProxyEndpoint.TryParse(typed, out var endpoint, out _) ? endpoint.Name : typed);

    /// <summary>Shows what is in the store.</summary>
    public static void List(TextWriter output, bool asJson) =>
        Store.List(output, asJson, ("country", static proxy => proxy.Country), ("exit", static proxy => proxy.Exit));

    private static async Task<string> ReadUrlAsync(string? given, string? file, TextWriter talk, CancellationToken stop)
    {
        if (given is null or "-")
        {
            var read = (await SecretInput.ReadAsync(file, "The URL of the proxy", talk, stop)).Trim();
            return !read.AsSpan().ContainsAny('\r', '\n') ? read
                : throw new CommandException(ExitCode.Configuration, "there are several lines where the URL of one proxy was expected; add one after the other");
        }
        if (file is not null)
            throw new CommandException(ExitCode.Usage, "--from says where the URL is: leave URL away");
        if (given.Contains('@', StringComparison.Ordinal))
            talk.WriteLine("headgate: what is among the arguments every user of this machine can see, and shells remember; give \"-\" for a URL with a password, and it is typed, or comes through standard input");
        return given;
    }

    /// <summary>A proxy as it is to be kept, by the name that it has wherever it is used.</summary>
    private static (StoredSecret Described, string Url) Described(StoredSecret given, string url)
    {
        try
        {
            var entry = StoredProxies.Read([(given, url)]).Single();
            return (given with { Name = entry.Name, Country = entry.Country }, url);
        }
        catch (ConfigurationException wrong)
        {
            // Pointers lead into a list that nobody wrote.
            throw new ConfigurationException([.. wrong.Errors.Select(error => new ConfigurationError(new ValueOrigin(ValueSource.Flag, FlagOf(error.Pointer)), "", error.Message))]);
        }
    }

    private static string FlagOf(string pointer) => pointer.Split('/') switch
    {
        [_, _, "limits", ..] => "--limit",
        [_, _, var member] => $"--{member}",
        _ => "",
    };
}
