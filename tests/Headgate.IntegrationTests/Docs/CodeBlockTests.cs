namespace Headgate.IntegrationTests.Docs;

/// <summary>The C# of the pages compiles against the library.</summary>
public sealed class CodeBlockTests
{
    [Fact]
    public async Task Every_block_of_code_compiles()
    {
        var blocks = Document.All.SelectMany(page => page.Blocks).Where(block => block.Language == "csharp").ToLookup(block => block.IsNotRun);
        foreach (var left in blocks[true])
            Console.WriteLine($"not compiled: {left.Where}");

        Assert.Equal("", await Compilation.ErrorsAsync(blocks[false]));
    }

    [Fact]
    public async Task A_block_that_does_not_compile_is_named_with_its_page_and_line()
    {
        string[] page = ["# Page", "", "```csharp given: HttpClient client", "using Headgate.Limits;", "", "await client.GetAsync(\"/\");", "var limit = Limit.Parse(1);", "class Own;", "```"];

        var errors = await Compilation.ErrorsAsync(Document.Parse("page.md", page).Blocks);

        Assert.Matches(@"^page\.md\(7,\d+\): error CS1503: .*\n$", errors);
    }
}
