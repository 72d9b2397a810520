using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Docs;

/// <summary>What the pages tell to type works as written.</summary>
[Collection(Measured.Alone)]
public sealed class ConsoleBlockTests
{
    public static TheoryData<string> Pages => [.. Document.All.Select(page => page.Name)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_command_of_a_page_does_what_the_page_says(string page)
    {
        var blocks = Document.All.Single(document => document.Name == page).Blocks.Where(IsConsole).ToList();
        foreach (var left in blocks.Where(block => block.IsNotRun))
            Console.WriteLine($"not run: {left.Where}: {string.Join("; ", left.Lines.Where(line => line.StartsWith("$ ", StringComparison.Ordinal)))}");
        await using var run = new ConsoleRun();

        var wrong = await run.TypeAsync([.. blocks.Where(block => !block.IsNotRun).SelectMany(ConsoleStep.Read)]);
        Assert.True(wrong.Length == 0, wrong);
    }

    [Fact]
    public async Task A_page_that_says_too_much_is_caught()
    {
        Assert.Contains("page.md:3: $ echo two\ndid not write: three", await TypeAsync("$ echo one", "one", "$ echo two", "three"), StringComparison.Ordinal);
        Assert.Contains("page.md:1: $ headgate verison\nended with 2, not 0", await TypeAsync("$ headgate verison"), StringComparison.Ordinal);
        Assert.Contains("did not write: b", await TypeAsync("$ printf 'b\\na\\n'", "a", "b"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_may_use_all_that_a_shell_offers() => Assert.Equal("", await TypeAsync(
        "$ greeting=hello",
        "$ cat > file <<'END'",
        "not a command",
        "END",
        "$ echo $greeting \\",
        "    world; cat file",
        "hello …ld",
        "not a command",
        "$ false # exit 1",
        "$ headgate simulate --listen 127.0.0.1:8099 &",
        "http://127.0.0.1:8099",
        "$ curl -s http://127.0.0.1:8099/__report",
        "…\"arrivals\": 0,",
        "$ (exit 3)   # exit 3"));

    private static async Task<string> TypeAsync(params string[] lines)
    {
        await using var run = new ConsoleRun();
        return await run.TypeAsync(ConsoleStep.Read(new Block("page.md", 1, "console", "", [.. lines])));
    }

    private static bool IsConsole(Block block) =>
        block.Language == "console" || (block.Language == "sh" && block.Lines.Exists(line => line.StartsWith("$ ", StringComparison.Ordinal)));
}
