using System.CommandLine;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Remote;
using Headgate.App.Secrets;
using Headgate.Configuration;

namespace Headgate.App.Commands;

/// <summary>What <c>headgate keys</c> and <c>headgate proxies</c> do with the encrypted store of this machine.</summary>
/// <param name="kind">Which of them.</param>
internal sealed class StoreVerbs(SecretKind kind)
{
    private readonly Argument<string> _pool = new("POOL") { Description = $"The pool: 1 to 64 letters, digits, dots, hyphens or underscores. \"from\": [\"store:POOL\"] and --{kind.Names} store:POOL use it." };
    private readonly Option<int> _weight = new("--weight") { HelpName = "N", Description = "Its part of the work against the others, 1 to 1,000; 1 by default.", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _replace = new("--replace") { Description = "Put it in the place of the one with that name: programs that run use it within seconds." };
    private readonly Option<bool> _unprotected = new("--unprotected") { Description = "Keep the store although nothing but the rights of its files protects it." };

    /// <summary>What a file has that is added from it; else it is typed, or comes through standard input.</summary>
    public Option<string?> From { get; } = new("--from") { HelpName = "FILE", Description = "A file with the value alone; by default it is typed, or comes through standard input." };

    /// <summary>Makes the verb that puts one into the store.</summary>
    /// <param name="which">What names it behind the pool.</param>
    /// <param name="limits">Its limits.</param>
    /// <param name="more">What else is said of it.</param>
    /// <param name="read">Reads it, its pool and weight being known: all but its value, and that.</param>
    public Command CreateAdd(Argument which, Option<string[]> limits, IEnumerable<Option> more, Func<ParseResult, StoredSecret, CancellationToken, Task<(StoredSecret Described, string Value)>> read)
    {
        var verb = new Command("add", $"""
            Puts a {kind.Name} into the encrypted store of this machine.

            What encrypts it is protected by {KeyRing.SecretVariable} (a secret of {RingSecret.Shortest} characters or more, kept elsewhere), or by the
            certificate in the file that {KeyRing.CertificateVariable} names; whoever uses the {kind.Name} needs the same. The store is in $XDG_DATA_HOME/headgate/keys,
            or where {SecretStore.DirectoryVariable} says.
            """)
        { _pool, which, From, limits };
        foreach (var option in (Option[])[.. more, _weight, _replace, _unprotected])
            verb.Add(option);
        verb.SetAction(async (parse, stop) =>
        {
            var (described, value) = await read(parse, new StoredSecret(PoolOf(parse), "", "", default, Limits: parse.GetValue(limits) is { Length: > 0 } own ? own : null, Weight: WeightOf(parse)), stop);
            var (kept, protection) = await SecretStore.OfProcess().AddAsync(kind, described, value, parse.GetValue(_replace), parse.GetValue(_unprotected));
            parse.InvocationConfiguration.Error.WriteLine($"headgate: {kept.Pool}: {kind.Name} \"{kept.Name}\" is kept{(protection == RingProtection.None ? "; nothing but the rights of its files protects the store" : ", encrypted")}");
            return (int)ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Makes the verb that takes one out again.</summary>
    /// <param name="which">Its name.</param>
    /// <param name="nameOf">The name that is meant by what was typed.</param>
    public Command CreateRemove(Argument<string> which, Func<string, string> nameOf)
    {
        var verb = new Command("rm", $"Takes a {kind.Name} out of the encrypted store of this machine.") { _pool, which };
        verb.SetAction(async (parse, _) =>
        {
            var (pool, called) = (parse.GetValue(_pool)!, nameOf(parse.GetValue(which)!));
            var left = await SecretStore.OfProcess().RemoveAsync(kind, pool, called);
            var used = $"; a service that uses the pool keeps its last {kind.Names} until it has others, or is stopped (see headgate {kind.Names} pause --help)";
            parse.InvocationConfiguration.Error.WriteLine($"headgate: {pool}: {kind.Name} \"{Excerpt.Of(called)}\" is gone, {left} {(left == 1 ? "is" : "are")} left{(left == 0 ? used : "")}");
            return (int)ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Shows what is in the store.</summary>
    /// <param name="output">Where.</param>
    /// <param name="asJson">As JSON, or for people.</param>
    /// <param name="more">What is told of each beside its pool, name, time, limits and weight.</param>
    public void List(TextWriter output, bool asJson, params (string Name, Func<StoredSecret, string?> Of)[] more)
    {
        var all = SecretStore.OfProcess().List(kind);
        if (asJson)
            output.WriteLine(new JsonObject { [kind.Names] = new JsonArray([.. all.Select(secret => ToJson(secret, more))]) }.ToJsonString());
        else
            Columns.Write(output, ["POOL", kind.Name.ToUpperInvariant(), "ADDED", .. more.Select(member => member.Name.ToUpperInvariant()), "LIMITS", "WEIGHT"],
                [.. all.Select(secret => (IReadOnlyList<string>)[secret.Pool, secret.Name, Moments.Of(secret.Added), .. more.Select(member => member.Of(secret) ?? ""), string.Join(", ", secret.Limits ?? []), $"{secret.Weight}"])]);
    }

    private JsonNode ToJson(StoredSecret secret, (string Name, Func<StoredSecret, string?> Of)[] more)
    {
        var json = new JsonObject { ["pool"] = secret.Pool, [kind.Name] = secret.Name, ["added"] = Moments.Of(secret.Added) };
        foreach (var (name, of) in more)
            json[name] = of(secret);
        json["limits"] = secret.Limits is { } limits ? new JsonArray([.. limits.Select(limit => JsonValue.Create(limit))]) : null;
        json["weight"] = secret.Weight;
        return json;
    }

    private string PoolOf(ParseResult parse) => parse.GetValue(_pool)! is var pool && Settings.Upstream.IsName(pool) ? pool
        : throw new CommandException(ExitCode.Configuration, $"\"{Excerpt.Of(pool)}\" is no name of a pool: 1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit");

    private int WeightOf(ParseResult parse) => parse.GetValue(_weight) is var weight && weight is >= 1 and <= 1000 ? weight
        : throw new CommandException(ExitCode.Configuration, $"--weight {weight}: from 1 to 1,000");
}
