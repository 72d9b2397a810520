using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.App.Commands;

/// <summary>What <c>headgate keys</c> does with the encrypted store of this machine.</summary>
internal static class StoredKeysCommands
{
    private static readonly StoreVerbs Store = new(SecretKind.Key);

    public static Command CreateAdd()
    {
        var name = new Argument<string?>("NAME") { Description = "What the key is called; key-1, key-2 … by default.", Arity = ArgumentArity.ZeroOrOne };
        var limits = new Option<string[]>("--limit") { HelpName = "LIMIT", Description = "A limit of this key, in the place of those that all keys of its API have.", AllowMultipleArgumentsPerToken = false };
        return Store.CreateAdd(name, limits, [], async (parse, known, stop) =>
        {
            var called = parse.GetValue(name);
            if (called is not null && KeyFile.FindFaultOfName(called) is { } wrong)
                throw new CommandException(ExitCode.Configuration, wrong);
            foreach (var text in known.Limits ?? [])
                if (!Limit.TryParse(text, out _, out var error))
                    throw new CommandException(ExitCode.Configuration, $"--limit: {error}");
            var value = await SecretInput.ReadAsync(parse.GetValue(Store.From), "The key", parse.InvocationConfiguration.Error, stop);
            if (KeySecret.FindFault(value) is { } fault)
                throw new CommandException(ExitCode.Configuration, $"the value {fault}");
            if (value.StartsWith("env:", StringComparison.Ordinal))
                throw new CommandException(ExitCode.Configuration, "the value is the name of a variable; give what is in it: printenv NAME | headgate keys add POOL");
            return (known with { Name = called ?? "" }, value);
        });
    }

    public static Command CreateRemove() => Store.CreateRemove(new Argument<string>("NAME") { Description = "The key, by its name." }, static name => name);

    /// <summary>Shows what is in the store.</summary>
    public static void List(TextWriter output, bool asJson) => Store.List(output, asJson);
}
